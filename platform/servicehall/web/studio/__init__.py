"""The studio: departments build their own services, a draft beside what is published, one tab for each matter."""
