"""What a week's agenda is made of: which subjects stand out from their peers, and how sure.

Belongs here: general statistics over counts. Does not belong here: what an event is (dbt's
`models/metrics/finding_*.sql`), or the words of the agenda (`review_agenda`).
"""
