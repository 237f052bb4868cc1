"""A site on disk: site.toml, points/, secrets, certificates; read and checked whole."""
