"""The portal: where employees find a service, order it and follow their requests."""
