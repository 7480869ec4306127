"""The approver's inbox: what waits for a decision, one by one or many at once."""
