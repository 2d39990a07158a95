"""What the application keeps: functions over a connection of SQLite, values in and out."""
