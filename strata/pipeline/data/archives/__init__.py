"""Archives of images: zip and tar files and their URLs, each unpacked once into a local folder.

Imports the layout of folders and what lies below it. Start with `unpack.py:unpack_archive`.
"""
