"""What must hold, as code: `loads` for gate 1, one function per mart for gate 2."""
