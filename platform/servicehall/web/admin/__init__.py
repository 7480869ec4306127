"""Administration: people, groups, documents, calendars and what waits to be delivered."""
