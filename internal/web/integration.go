package web

func (s *Site) integrations(*visit) error { return notHere() }

func (s *Site) integrationsStore(*visit) error { return notHere() }

func (s *Site) addIntegration(*visit) error { return notHere() }
