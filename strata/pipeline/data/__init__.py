"""Image data sets: sources, folder layouts, given splits, the manifest, duplicates, the audit.

May import `store`. Start at `source.py` (find the images), then `manifest.py` (read and hash them);
`duplicates.py` groups copies, `audit.py` looks for errors in the data.
"""
