"""The site's own certificate authority."""
