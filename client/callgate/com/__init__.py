"""Objects behind interfaces: what is declared about them, and what a program holds of them (R14)."""
