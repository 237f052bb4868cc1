"""On the technician's laptop: from a point's files to a board that works."""
