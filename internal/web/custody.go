package web

func (s *Site) checkOut(*visit) error { return notHere() }

func (s *Site) checkIn(*visit) error { return notHere() }

func (s *Site) checkInAll(*visit) error { return notHere() }

func (s *Site) leavers(*visit) error { return notHere() }

func (s *Site) overdue(*visit) error { return notHere() }
