"""The lake: loads, their manifest, and what was kept out of them."""
