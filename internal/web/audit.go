package web

func (s *Site) auditLog(*visit) error { return notHere() }
