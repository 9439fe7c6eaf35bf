/** What is wrong with a container's network, as we made it: a value, and what becomes of it. Pure. */

/** On one link; of all fields that aren't set nothing is wrong. */
export interface Degradation {
	/** The link inside. */
	link: string;
	/** Only what goes to this container, an id, and comes from it. */
	to?: string | undefined;
	/** Packets that are lost, both ways: of a million. */
	loss?: number | undefined;
	/** What is sent arrives so much later: microseconds. */
	delay?: number | undefined;
	/** … give or take so many. */
	jitter?: number | undefined;
	/** Bits a second, each way. */
	rate?: number | undefined;
}

export type Harm = Pick<Degradation, 'loss' | 'delay' | 'jitter' | 'rate'>;

export interface Faults {
	/** From everybody. */
	isolated: boolean;
	/** From these containers, by id. */
	cuts: string[];
	degradations: Degradation[];
	/** Of all containers that are named above, by id. */
	addresses: Record<string, string[]>;
}

export const NO_FAULTS: Faults = {isolated: false, cuts: [], degradations: [], addresses: {}};

export const isHealthy = ({isolated, cuts, degradations}: Faults): boolean => !isolated && cuts.length === 0 && degradations.length === 0;

/** Another container, as rules name it. */
export interface Peer {
	id: string;
	addresses: string[];
}

const knowing = (addresses: Faults['addresses'], {id, addresses: own}: Peer): Faults['addresses'] => ({...addresses, [id]: own});

/** Without addresses that nothing needs any more. */
const tidy = (faults: Faults): Faults => {
	const needed = new Set([...faults.cuts, ...faults.degradations.map(({to}) => to)]);
	return {...faults, addresses: Object.fromEntries(Object.entries(faults.addresses).filter(([id]) => needed.has(id)))};
};

export const isolate = (faults: Faults): Faults => ({...faults, isolated: true});

export const cut = (faults: Faults, peer: Peer): Faults =>
	({...faults, cuts: [...new Set([...faults.cuts, peer.id])], addresses: knowing(faults.addresses, peer)});

/** No longer cut off from it; all other faults stay. */
export const rejoin = (faults: Faults, id: string): Faults => tidy({...faults, cuts: faults.cuts.filter(one => one !== id)});

/** What a new harm leaves of an old one: each kind is replaced by its like, and a zero takes it away. */
const merge = ({loss, delay, jitter, rate}: Harm, harm: Harm): Harm => {
	const both = {loss, delay, jitter, rate, ...harm, ...(harm.delay === undefined ? {} : {jitter: harm.jitter})};
	return Object.fromEntries(Object.entries(both).filter(([, value]) => (value ?? 0) !== 0));
};

/** Several add up: what is lost on the whole link, and what is lost besides on the way to one container. */
export const degrade = (faults: Faults, links: readonly string[], harm: Harm, peer?: Peer): Faults => {
	const degradations = links.reduce<Degradation[]>((list, link) => {
		const isThat = (one: Degradation): boolean => one.link === link && one.to === peer?.id;
		const merged = merge(list.find(isThat) ?? {}, harm);
		const others = list.filter(one => !isThat(one));
		return Object.keys(merged).length === 0 ? others : [...others, {link, ...(peer === undefined ? {} : {to: peer.id}), ...merged}];
	}, faults.degradations);
	return tidy({...faults, degradations, addresses: peer === undefined ? faults.addresses : knowing(faults.addresses, peer)});
};

/** Without what was wrong with links that are gone. */
export const onLinks = (faults: Faults, links: readonly string[]): Faults => tidy({...faults, degradations: faults.degradations.filter(({link}) => links.includes(link))});
