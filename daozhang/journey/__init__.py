"""Journeys: terms become promises, facts become one journey a sale, and identities must hold."""
