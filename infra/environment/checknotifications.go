package environment

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	topicPattern = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}$`)
	emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$`)
)

func (c checker) checkNotifications() {
	n := c.e.Notifications
	c.match("notifications.topic", n.Topic, topicPattern,
		"a standard topic's ARN such as arn:aws:sns:eu-west-1:123456789012:data-team; alarms cannot use a FIFO topic")
	switch notified := n.CreateTopic || c.given("notifications.topic"); {
	case c.given("notifications.topic") && n.CreateTopic:
		c.add("notifications.createTopic", "contradicts notifications.topic: give a topic that exists, or have one made")
	case n.OnlyFailures && !notified:
		c.add("notifications.onlyFailures", "there is no topic to notify: give notifications.topic, or set notifications.createTopic to true")
	}
	if c.given("notifications.emails") && !n.CreateTopic {
		c.add("notifications.emails", "are subscribed to the topic that the stack makes: set notifications.createTopic to true, or leave them out")
	}
	for i, email := range n.Emails {
		c.match(element("notifications.emails", i), email, emailPattern, "an address such as data-team@example.com")
	}
	c.once("notifications.emails", n.Emails)
}

// checkAlarms takes a table that no pattern is needed to find: the alarm is on one table's metric.
func (c checker) checkAlarms() {
	for _, table := range slices.Sorted(maps.Keys(c.e.Alarms.StaleHours)) {
		path := join("alarms.staleHours", table)
		c.within(path, c.e.Alarms.StaleHours[table], 1, 168)
		switch {
		case strings.ContainsAny(table, "*:"):
			c.add(path, "want the name of one table, without * and no ARN")
		case c.understood("tables") && !slices.ContainsFunc(c.e.Tables, func(pattern string) bool { return fits(tableOf(pattern), table) }):
			c.add(path, "is not among tables: %s", strings.Join(c.e.Tables, ", "))
		}
	}
	if c.given("alarms.throttles") && c.e.Alarms.Throttles < 1 {
		c.add("alarms.throttles", "got %d, allowed: 1 or more", c.e.Alarms.Throttles)
	}
}
