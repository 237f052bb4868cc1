"""What is asked of boards over the broker: commands, configuration, updates."""
