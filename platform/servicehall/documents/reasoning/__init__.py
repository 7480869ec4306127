"""What follows from the conditions of documents: the same rules as formulas, a solver that is asked, and answers that
show what it found."""
