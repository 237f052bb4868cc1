"""Made-up points: local servers, simulated boards, the fleet for load, the demo."""
