"""Pure rules of the field: points, tanks, autonomy. No socket, file, thread or clock; `now` is passed in."""
