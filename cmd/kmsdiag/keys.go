package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/report"
)

const keysLong = `Keys finds the generic volume key (GVLK) that makes an edition a KMS client, with
the commands to install it: by the edition's name, by some of its words, or by a
group of the key, typos included. Without words it lists all of them. It knows
only the keys that Microsoft publishes for everybody; of any other key it says
and shows no more than the last five characters.

With --with it reads what a machine prints (slmgr /dlv, ospp /dstatus, CIM
objects, with systeminfo or dism /online /get-currentedition beside it) and says
whether the key fits edition and channel, how sure that is, and what to install
instead. --edition and --channel say the same by hand, of the key in the words.

With --host it says which generation of KMS host keys activates what, on which
systems it is installed, from which build and revision on, and with which Office
pack. Words name a host key, a product, a system, or a build with its revision.

The exit code is 3 where a machine's key is not the one for KMS.`

const keysExample = `  kmsdiag keys
  kmsdiag keys Windows Server 2022 Standard
  kmsdiag keys office 2021 proplus
  kmsdiag keys T83GX
  kmsdiag keys T83GX --edition "Windows 11 Enterprise" --channel VOLUME_KMSCLIENT
  cscript //nologo %windir%\System32\slmgr.vbs /dlv | kmsdiag keys --with -
  kmsdiag keys --host windows 11 ltsc 2024
  kmsdiag keys --host 17763.5458
  kmsdiag keys -o csv > keys.csv`

// keysFormats are the formats of keys; the first is the default.
var keysFormats = []string{"text", "json", "csv"}

// keysOptions are the flags of keys.
type keysOptions struct {
	format  string
	host    bool
	with    []string
	edition string
	channel string
	failOn  string
}

func (a *app) newKeys() *cobra.Command {
	o := keysOptions{failOn: "fail"}
	cmd := &cobra.Command{
		Use:     "keys [WORDS | 5 CHARACTERS]",
		Short:   "Which key makes an edition a KMS client, and whether a machine has it",
		Long:    keysLong,
		Example: keysExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			query := strings.Join(strings.Fields(strings.Join(args, " ")), " ")
			if len(args) > 0 && query == "" {
				return usagef("keys needs words, five characters of a key, or no argument for the whole list")
			}
			switch {
			case o.host && (len(o.with) > 0 || o.edition != "" || o.channel != ""):
				return usagef("--host lists host keys; --with, --edition and --channel ask about a machine's key: give one or the other")
			case o.host:
				return a.hostKeys(o, query)
			case len(o.with) > 0 && query != "":
				return usagef("--with %s: give a text or words, not both", o.with[0])
			case len(o.with) > 0:
				return a.keysWith(cmd.Context(), o)
			case o.channel != "" || o.edition != "" && query != "":
				return a.keyStated(cmd.Context(), o, query)
			case o.edition != "":
				query = o.edition
			}
			return a.keys(o, query)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.VarP(choice(&o.format, keysFormats...), "output", "o", "`FORMAT`: text, json or csv")
	complete(cmd, "output", keysFormats...)
	flags.StringArrayVar(&o.with, "with", nil, "judge the keys in pasted text of `FILE`; - is standard input")
	flags.StringVar(&o.edition, "edition", "", "judge the key for the edition with this `NAME`")
	flags.StringVar(&o.channel, "channel", "", "judge the key as of this `CHANNEL`, as slmgr /dlv or ospp /dstatus prints it")
	complete(cmd, "channel", "VOLUME_KMSCLIENT", "VOLUME_MAK", "VOLUME_KMS", "RETAIL", "OEM_DM", "VIRTUAL_MACHINE_ACTIVATION")
	flags.BoolVar(&o.host, "host", false, "list host keys: what they activate and where they are installed")
	flags.Var(choice(&o.failOn, "fail", "never"), "fail-on", "`WHAT` about a machine's key makes the exit code: fail or never")
	complete(cmd, "fail-on", "fail", "never")
	return cmd
}

// keys answers for a name, a fragment or a whole key; all keys without a query.
func (a *app) keys(o keysOptions, query string) error {
	if query == "" {
		return a.showKeys(o, report.NewKeys("", catalog.KeyAnswer{}))
	}
	found := catalog.FindKeys(query)
	shown := maskedQuery(query, found)
	k := report.NewKeys(shown, found)
	if product, ok := catalog.AVMAProduct(query); ok {
		k.Notes = append(k.Notes, strings.ToUpper(query)+" ends Microsoft's generic key for "+product+" as a virtual machine that its Hyper-V host activates (AVMA); "+
			"it is no GVLK, and asks no KMS host")
	}
	if len(k.Keys)+len(k.Notes) == 0 {
		return nothingFound(query, found)
	}
	return a.showKeys(o, k)
}

func (a *app) showKeys(o keysOptions, k *report.Keys) error {
	switch o.format {
	case "json":
		return k.JSON(a.stdout)
	case "csv":
		return k.CSV(a.stdout)
	}
	return k.Text(a.stdout, a.style())
}

// nothingFound says that no published key fits, and what is near.
func nothingFound(query string, found catalog.KeyAnswer) error {
	const newer = "a MAK, a retail, vendor or host key, or one newer than the lists of 2024-10-01"
	near := ""
	if len(found.Near) > 0 {
		near = "; near: " + strings.Join(found.Near, ", ")
	}
	if last, ok := keyShaped(query); ok {
		if last == "" {
			return usagef("this is part of a key that Microsoft does not publish: %s; it is not shown", newer)
		}
		return usagef("the key that ends in %s is none that Microsoft publishes: %s; no more of it is shown%s", last, newer, near)
	}
	if partial, ok := fiveCharacters(query); ok && !isWord(query) {
		return usagef("no key that Microsoft publishes has the group %s: it is of %s%s", partial, newer, near)
	}
	if e, ok := catalog.EditionByName(query); ok && len(e.Keys) == 0 {
		why := "Microsoft publishes no GVLK for it"
		if e.Retail {
			why = "it is not sold in volume and has no GVLK"
		}
		return usagef("%s: %s%s", e.Name, why, near)
	}
	if near == "" {
		near = "; kmsdiag keys lists them all"
	}
	return usagef("no published key is for an edition called %.80q%s", windows.Mask(query), near)
}

// keyStated judges a key for what the flags say of its machine.
func (a *app) keyStated(ctx context.Context, o keysOptions, query string) error {
	in := catalog.Installed{EditionBasis: "as --edition says", ChannelBasis: "as --channel says"}
	var err error
	if in.Channel, in.RawChannel, err = statedChannel(ctx, o.channel); err != nil {
		return err
	}
	if in.Partial, err = statedKey(query); err != nil {
		return err
	}
	if in.Edition, err = statedEdition(o.edition, in.Partial); err != nil {
		return err
	}
	return a.judged(o, []catalog.Installed{in})
}

// keysWith judges the keys in pasted text.
func (a *app) keysWith(ctx context.Context, o keysOptions) error {
	set, err := a.with(ctx, o.with)
	if err != nil {
		return err
	}
	machines := installedKeys(set)
	if len(machines) == 0 {
		return usagef("--with %s: no licence with a key or a channel in it; want slmgr /dlv, ospp /dstatus or a SoftwareLicensingProduct", o.with[0])
	}
	channel, raw, err := statedChannel(ctx, o.channel)
	if err != nil {
		return err
	}
	for i := range machines {
		m := &machines[i]
		edition, err := statedEdition(o.edition, m.Partial)
		if err != nil {
			return err
		}
		if edition.Name != "" && (edition.Class == catalog.Office) == (m.Edition.Class == catalog.Office) {
			m.Edition, m.EditionBasis = edition, "as --edition says"
		}
		if channel != "" {
			m.Channel, m.RawChannel = channel, raw
		}
	}
	return a.judged(o, machines)
}

// judged prints what keys are worth, and sets the exit code.
func (a *app) judged(o keysOptions, machines []catalog.Installed) error {
	k := report.NewMachines()
	for _, in := range machines {
		m := report.NewMachineKey(in)
		k.Machines = append(k.Machines, m)
		if m.Fault && o.failOn != "never" {
			a.code = exitFailed
		}
	}
	return a.showKeys(o, k)
}

// hostKeys answers keys --host.
func (a *app) hostKeys(o keysOptions, query string) error {
	found := catalog.FindHostKeys(query)
	if query != "" && found.Empty() {
		near := "; kmsdiag keys --host lists them all"
		if len(found.Near) > 0 {
			near = "; near: " + strings.Join(found.Near, ", ")
		}
		return usagef("no host key, product of one, or host system is called %.80q%s", windows.Mask(query), near)
	}
	k := report.NewHostKeys(windows.Mask(query), found)
	switch o.format {
	case "json":
		return k.JSON(a.stdout)
	case "csv":
		return k.CSV(a.stdout)
	}
	return k.Text(a.stdout, a.style())
}
