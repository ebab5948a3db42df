"""Who is told when a run fails, and when it works again. No Dagster in here.

`causes`: what a run came to. `decisions`: whether that is worth a message now. `messages`: its
words. `delivery`: sending it. `report`: all of it in order, over the file that remembers.
"""
