package chaos

func (s *Scenario) drawDeath() {}
