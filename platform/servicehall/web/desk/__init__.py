"""The fulfiller's desk: my work, queues, the board, one task, the plan of a request, a department's requests."""
