package config

import "github.com/musterhq/muster/internal/timing"

// Timing is a timing in words, as the set-up file has it.
type Timing struct{ timing.Timing }

// ParseTiming is timing.Parse.
func ParseTiming(text string) (timing.Timing, error) { return timing.Parse(text) }
