"""The two ways to spoil a mart that recur."""


def repeat(table: str) -> str:
    """Give a table its first row twice."""
    return f"insert into marts.{table} from marts.{table} limit 1"


def put(table: str, column: str, value: str) -> str:
    """Set a column in one row."""
    return (
        f"update marts.{table} set {column} = {value}"
        f" where rowid = (select min(rowid) from marts.{table})"
    )
