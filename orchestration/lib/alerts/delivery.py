"""Sending one message to a chat's incoming webhook or a mail server.

Belongs here: the two protocols, and errors that say what failed without the secret. Does not
belong here: what is sent and when.
"""

from __future__ import annotations

import http.client
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

from orchestration.lib.alerts.messages import Message
from orchestration.lib.company.automation_config import Alerts, Email

_TIMEOUT_SECONDS = 10
_PORTS = {"starttls": 587, "tls": 465, "none": 25}

# Sends a message; returns '' or, of one that arrived in part, what was wrong with it.
Send = Callable[[Message], str]


class DeliveryError(Exception):
    """A message that did not arrive; the text names the channel and neither URL nor password."""


def channels(alerts: Alerts, env: Mapping[str, str]) -> dict[str, Send]:
    """How to send to each channel that is declared; each raises DeliveryError."""
    found: dict[str, Send] = {}
    if alerts.webhook_url_env is not None:
        found["webhook"] = _webhook(alerts.webhook_url_env, env)
    if alerts.email is not None:
        found["email"] = _mail(alerts.email, env)
    return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without the message, and look as if it arrived."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _webhook(variable: str, env: Mapping[str, str]) -> Send:
    def send(message: Message) -> str:
        url = _secret("webhook", variable, env)
        if not url.startswith(("https://", "http://")):
            raise DeliveryError(f"webhook: the value of {variable} is no http address")
        # Slack reads & < > as markup; Mattermost, Discord's /slack and others do as Slack does.
        text = f"*{message.subject}*\n{message.text}"
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        body, header = json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(url, body, header)
            _OPENER.open(request, timeout=_TIMEOUT_SECONDS).close()
        except urllib.error.HTTPError as error:
            raise DeliveryError(f"webhook: answered with status {error.code}") from None
        except urllib.error.URLError as error:
            raise DeliveryError(f"webhook: {_kind(error.reason)}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise DeliveryError(f"webhook: {_kind(error)}") from None
        return ""

    return send


def _mail(email: Email, env: Mapping[str, str]) -> Send:
    def send(message: Message) -> str:
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = email.sender
        mail["To"] = ", ".join(email.recipients)
        mail["Auto-Submitted"] = "auto-generated"  # no out-of-office answers to a pipeline
        mail.set_content(message.text)
        password = email.password_env and _secret("email", email.password_env, env)
        port = email.port or _PORTS[email.security]
        try:
            with _connection(email, port) as server:
                if email.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if email.user is not None and password is not None:
                    server.login(email.user, password)
                refused = server.send_message(mail)
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"email: the server answered with {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise DeliveryError(f"email: {_kind(error)}") from None
        # Not sent again: whoever the server did not refuse would get it each time.
        return f"email: the server refused {len(refused)} of the recipients" if refused else ""

    return send


def _connection(email: Email, port: int) -> smtplib.SMTP:
    if email.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(email.host, port, timeout=_TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(email.host, port, timeout=_TIMEOUT_SECONDS)


def _secret(channel: str, variable: str, env: Mapping[str, str]) -> str:
    value = env.get(variable)
    if not value:
        raise DeliveryError(f"{channel}: the environment variable {variable} is not set")
    return value


def _kind(error: object) -> str:
    """What kind of error it was; its text may hold the address or what a server was told."""
    reason = getattr(error, "strerror", None)
    return f"{type(error).__name__}{f' ({reason})' if reason else ''}"
