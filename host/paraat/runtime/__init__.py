"""What every running part of the host uses: the clock and the counters."""
