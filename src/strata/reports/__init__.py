"""From predictions to understanding: metrics, intervals, figures, tables, the page."""
