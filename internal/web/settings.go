package web

func (s *Site) accounts(*visit) error { return notHere() }

func (s *Site) module(*visit) error { return notHere() }
