package web

func (s *Site) users(*visit) error { return notHere() }
