"""What is examined of documents that satisfy their schema: references, expressions, and what belongs together."""
