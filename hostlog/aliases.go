package hostlog

// named is a name that an id came with, and when.
type named struct {
	name        int32
	first, last uint32
	requests    uint32
}

// aliases are the names of an id that has several.
type aliases struct {
	list   []named
	more   map[int32]uint32 // names beyond those: when they came last
	capped bool             // ... and beyond these too
}

// Bounds of the names of ids.
const (
	maxNamesEach = 64      // names of one id with all that is known of them
	maxMoreNames = 1 << 17 // further ones, of all ids together
)

// count is how many machines use an id.
func (a *aliases) count() int { return len(a.list) + len(a.more) }

// since counts the machines that came after a time.
func (a *aliases) since(at uint32) int {
	n := 0
	for _, u := range a.list {
		if u.last > at {
			n++
		}
	}
	for _, last := range a.more {
		if last > at {
			n++
		}
	}
	return n
}

// alias follows the names that an id comes with. It returns the one that stands
// for the machine.
func (t *tally) alias(i int32, c *client, at uint32, name int32) int32 {
	if name == noName {
		return c.name
	}
	if c.has&hasNames == 0 {
		if c.name == noName || c.name == name {
			c.name = name
			return name
		}
		if t.names.same(c.name, name) {
			c.name = t.names.fuller(c.name, name)
			return c.name
		}
		c.has |= hasNames
		t.aliases[i] = &aliases{list: []named{{c.name, c.first, c.last, c.requests}}}
	}
	a := t.aliases[i]
	for k := range a.list {
		if u := &a.list[k]; t.names.same(u.name, name) {
			u.name = t.names.fuller(u.name, name)
			u.first, u.last = min(u.first, at), max(u.last, at)
			u.requests++
			return u.name
		}
	}
	if len(a.list) < maxNamesEach {
		a.list = append(a.list, named{name, at, at, 1})
		return name
	}
	last, known := a.more[name]
	switch {
	case known:
		a.more[name] = max(last, at)
	case t.moreNames >= maxMoreNames:
		a.capped = true
	default:
		if a.more == nil {
			a.more = map[int32]uint32{}
		}
		a.more[name] = at
		t.moreNames++
	}
	return name
}
