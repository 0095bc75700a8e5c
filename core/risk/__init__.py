"""What we hold and what it can cost. All pure, all integers."""
