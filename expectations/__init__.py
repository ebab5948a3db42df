"""What must hold before data goes on: gate 1 on every load, gate 2 on every mart."""
