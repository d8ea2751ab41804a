"""What fitted methods have learned, as pictures for the report."""
