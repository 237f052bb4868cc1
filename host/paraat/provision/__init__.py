"""From a point's files to what lies on its board."""
