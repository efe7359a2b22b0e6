package web

func (s *Site) connection(*visit) error { return notHere() }

func (s *Site) saveConnection(*visit) error { return notHere() }

func (s *Site) saveSchedule(*visit) error { return notHere() }
