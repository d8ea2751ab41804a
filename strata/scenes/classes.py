"""Names of the scene classes."""

#: The eight classes of Oliva and Torralba (2001), in the order of their class numbers.
SCENES = (
    "Opencountry",
    "coast",
    "forest",
    "highway",
    "inside_city",
    "mountain",
    "street",
    "tallbuilding",
)
