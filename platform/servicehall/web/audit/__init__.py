"""For auditors: find a request, read its whole history, check it, print it; the seals; who read what."""
