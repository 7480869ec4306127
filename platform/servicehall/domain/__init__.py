"""Pure rules: no database, no clock, no framework; everything they need is an argument."""
