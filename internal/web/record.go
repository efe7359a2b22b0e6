package web

func (s *Site) collection(*visit) error { return notHere() }

func (s *Site) newRecord(*visit) error { return notHere() }

func (s *Site) createRecord(*visit) error { return notHere() }

func (s *Site) record(*visit) error { return notHere() }

func (s *Site) editRecord(*visit) error { return notHere() }

func (s *Site) updateRecord(*visit) error { return notHere() }

func (s *Site) archiveRecord(*visit) error { return notHere() }

func (s *Site) chooseRecord(*visit) error { return notHere() }
