package web

func (s *Site) dashboard(*visit) error { return notHere() }
