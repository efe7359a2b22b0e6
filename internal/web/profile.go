package web

func (s *Site) profile(*visit) error { return notHere() }

func (s *Site) endSession(*visit) error { return notHere() }
