"""Attribution: which touches, and which channels, a conversion is credited to.

Belongs here: the ten models over flat arrays (`weights` per touch, `channels` per channel and
period), and the two doors to them: tables of the warehouse (`frames`) and a file of paths
(`path_file`). Does not belong here: which touches a deal has; that is dbt's.
"""
