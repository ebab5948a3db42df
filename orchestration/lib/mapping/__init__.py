"""From raw columns to the conformed entities."""
