/*
 * mirror.c - the template that the replies to a filter's frames fit.
 *
 * What names a protocol or an end of it is kept, ends being exchanged; any
 * other test could go either way.  "Either way" means: where the first way ends
 * in rejection the second is tried, so M(node, otherwise) is the graph that
 * accepts what the kept tests below NODE allow and else goes on OTHERWISE.
 * prune.c then removes what contradicts itself.  A field is known by what the
 * path has said about the protocol, so an offset inside a tunnel is never
 * mistaken for an address.
 */
#include "dpf/graph.h"

#include <spindle/bytes.h>

/* What a path has said about the protocols; TAGS counts VLAN tags. */
enum { IS_IPV4 = 1, IS_IPV6 = 2, IS_ARP = 4, HAS_PORTS = 8, TAGS = 16 };

enum { MAX_TAGS = 2, TAG_BYTES = 4 };

enum { PROTO_TCP = 6, PROTO_UDP = 17, PROTO_SCTP = 132 };

/* Where a field that is kept lies (without tags), and where its opposite is. */
struct region {
	uint8_t when;     /* protocols of which one must be known */
	uint8_t ports;    /* HAS_PORTS must be known as well */
	uint8_t behind;   /* relative to the IPv4 header's end - 14 */
	uint8_t from, to; /* bytes FROM .. TO - 1 */
	int8_t move;      /* to the opposite end's; 0: the field has none */
};

static const struct region regions[] = {
	{ IS_IPV4, 0, 0, 20, 22, 0 }, /* fragment offset */
	{ IS_IPV4, 0, 0, 23, 24, 0 }, /* protocol */
	{ IS_IPV4, 0, 0, 26, 30, 4 }, /* source */
	{ IS_IPV4, 0, 0, 30, 34, -4 },
	{ IS_IPV4, HAS_PORTS, 1, 14, 16, 2 }, /* source port */
	{ IS_IPV4, HAS_PORTS, 1, 16, 18, -2 },
	{ IS_IPV6, 0, 0, 20, 21, 0 },  /* next header */
	{ IS_IPV6, 0, 0, 22, 38, 16 }, /* source */
	{ IS_IPV6, 0, 0, 38, 54, -16 },
	{ IS_IPV6, HAS_PORTS, 0, 54, 56, 2 }, /* source port */
	{ IS_IPV6, HAS_PORTS, 0, 56, 58, -2 },
	{ IS_ARP, 0, 0, 22, 28, 10 }, /* sender's hardware address */
	{ IS_ARP, 0, 0, 28, 32, 10 }, /* sender's protocol address */
	{ IS_ARP, 0, 0, 32, 38, -10 },
	{ IS_ARP, 0, 0, 38, 42, -10 },
};

/* M(node, otherwise), or a part of it that waits for another. */
struct job {
	struct job *next; /* of the same hash */
	struct job *up;   /* who waits */
	uint32_t *slot;   /* where they want the result */
	uint32_t otherwise;
	uint32_t yes, no;
	uint32_t result;
	uint16_t node;
	uint8_t said; /* IS_... on the way here */
	uint8_t stage;
};

struct mirror {
	struct graph g;
	const struct dpf_filter *f;
	struct job **jobs;
	struct job *top;
};

static bool
is_field(const struct lit *t, unsigned off, unsigned width)
{
	return t->op == LIT_EQ && t->base == DPF_BASE_FRAME && t->off == off &&
	       t->mask == dpf_width_mask(width) && t->width == width;
}

/* How many bytes of VLAN tags precede the type that matters. */
static unsigned
tag_bytes(unsigned said)
{
	return said / TAGS * TAG_BYTES;
}

/* What is said when the Ethernet type behind the tags is TYPE. */
static unsigned
learn_type(unsigned said, uint32_t type)
{
	unsigned tags = said / TAGS;

	switch (type) {
	case 0x0800:
		return tags * TAGS | IS_IPV4;
	case 0x86dd:
		return tags * TAGS | IS_IPV6;
	case 0x0806:
	case 0x8035:
		return tags * TAGS | IS_ARP;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
		return tags < MAX_TAGS ? (tags + 1) * TAGS : said;
	default:
		return said;
	}
}

/* What is said when test T has come out as YES. */
static unsigned
learn(unsigned said, const struct lit *t)
{
	unsigned proto_at = tag_bytes(said) + (said & IS_IPV4 ? 23 : 20);

	if ((said % TAGS) == 0 && is_field(t, 12 + tag_bytes(said), 2))
		return learn_type(said, t->value);
	if ((said & (IS_IPV4 | IS_IPV6)) != 0 && is_field(t, proto_at, 1) &&
		(t->value == PROTO_TCP || t->value == PROTO_UDP ||
			t->value == PROTO_SCTP))
		return said | HAS_PORTS;
	return said;
}

/* Does base B lie 14 bytes and the tags in front of the end of the header? */
static bool
is_behind_ipv4(const struct dpf_base *b, unsigned tags)
{
	return b->from == DPF_BASE_FRAME && b->off == 14 + tags &&
	       b->width == 1 && b->mask == 0xf && b->shift == 2;
}

/* The types in front of what is known, and the identifiers of VLANs. */
static bool
is_kept_type(const struct lit *t, unsigned tags)
{
	if (t->off < 12 || t->off + t->width > 14 + tags)
		return false;
	if (t->off % TAG_BYTES < 2)
		return t->off % TAG_BYTES + t->width <= 2;
	if (t->width == 2)
		return t->off % TAG_BYTES == 2 && t->mask <= 0xfff;
	return t->width == 1 && (t->off % TAG_BYTES == 3 || t->mask <= 0xf);
}

/* Where is the mirror image of the field of T?  False: T is not kept. */
static bool
mirror_field(const struct dpf_filter *f, unsigned said, struct lit *t)
{
	unsigned tags = tag_bytes(said), first = t->off - tags;
	bool behind = t->base != DPF_BASE_FRAME;

	if (t->mask == 0 || t->base == DPF_BASE_LEN ||
		(behind && !is_behind_ipv4(&f->bases[t->base - 1], tags)))
		return false;
	if (!behind && is_kept_type(t, tags))
		return true;
	for (unsigned i = 0; i < ARRAY_LEN(regions); i++) {
		const struct region *r = &regions[i];

		if ((said & r->when) == 0 || (said & r->ports) != r->ports ||
			behind != r->behind || first < r->from ||
			first > r->to || t->width > r->to - first)
			continue;
		/* Flags share a byte with the fragment offset. */
		if (r->from == 20 && r->to == 22 && first == 20 &&
			(t->mask & (t->width == 2 ? 0xe000 : 0xe0)) != 0)
			return false;
		t->off = (uint16_t)(t->off + r->move);
		return true;
	}
	return false;
}

/* Ask for M(NODE, OTHERWISE); it will be in SLOT when JOB is on top again. */
static int
ask(struct mirror *m, uint16_t node, uint32_t otherwise, unsigned said,
	uint32_t *slot)
{
	struct job **bucket, *j;

	if (node == DPF_ACCEPT || node == DPF_REJECT) {
		*slot = node == DPF_ACCEPT ? GRAPH_ACCEPT : otherwise;
		return SP_OK;
	}
	bucket = &m->jobs[(node * 0x9e3779b1u ^ otherwise * 0x85ebca6bu ^
				  said * 0xc2b2ae35u) >>
				  8 &
			  m->g.tests_mask];
	for (j = *bucket; j != NULL; j = j->next)
		if (j->node == node && j->otherwise == otherwise &&
			j->said == said)
			break;
	if (j != NULL) {
		*slot = j->result;
		return SP_OK;
	}
	j = dpf_bump_take(&m->g.mem, 1, sizeof(*j));
	if (j == NULL)
		return SP_ENOMEM;
	j->node = node;
	j->otherwise = otherwise;
	j->said = (uint8_t)said;
	j->slot = slot;
	j->next = *bucket;
	*bucket = j;
	j->up = m->top;
	m->top = j;
	return SP_OK;
}

static int
finish(struct mirror *m, struct job *j, uint32_t result)
{
	j->result = result;
	*j->slot = result;
	m->top = j->up;
	return SP_OK;
}

/* A test that is not kept: first one way, then the other. */
static int
step_dropped(struct mirror *m, struct job *j, const struct dpf_node *n,
	bool possible)
{
	switch (j->stage++) {
	case 0:
		/* The way that is tried second comes first: it is the other's
		 * "otherwise". */
		return ask(m, n->no, j->otherwise, j->said, &j->no);
	case 1:
		j->yes = j->no;
		return possible ? ask(m, n->yes, j->no, j->said, &j->yes)
				: SP_OK;
	default:
		return finish(m, j, j->yes);
	}
}

static int
step_kept(struct mirror *m, struct job *j, const struct dpf_node *n,
	const struct lit *t, const struct lit *image)
{
	switch (j->stage++) {
	case 0:
		return ask(m, n->no, j->otherwise, j->said, &j->no);
	case 1:
		return ask(m, n->yes, j->otherwise, learn(j->said, t), &j->yes);
	default:
		if (j->yes == j->no)
			return finish(m, j, j->yes);
		if (dpf_graph_add(&m->g, image, j->yes, j->no) == NULL)
			return SP_ENOMEM;
		return finish(m, j, dpf_graph_newest(&m->g));
	}
}

static int
step(struct mirror *m, struct job *j)
{
	const struct dpf_node *n = &m->f->nodes[j->node];
	struct lit t, image;
	bool possible = dpf_lit_from_node(n, &t);

	if (t.mask == 0 && possible) {
		/* Bounds: nothing but the load can fail. */
		if (j->stage++ == 0)
			return ask(m, n->yes, j->otherwise, j->said, &j->yes);
		return finish(m, j, j->yes);
	}
	if (possible && t.base != DPF_BASE_LEN)
		t.value >>= dpf_narrow(&t.off, &t.width, &t.mask);
	image = t;
	if (!possible || !mirror_field(m->f, j->said, &image))
		return step_dropped(m, j, n, possible);
	if (image.base != DPF_BASE_FRAME) {
		int base = dpf_graph_base(&m->g, &m->f->bases[t.base - 1]);

		if (base < 0)
			return base;
		image.base = (uint8_t)base;
	}
	return step_kept(m, j, n, &t, &image);
}

/* Demand MAC as the source of what NODE accepts. */
static int
add_source(struct mirror *m, const uint8_t mac[6], uint32_t *node)
{
	struct lit low = {
		.width = 2,
		.off = 10,
		.mask = 0xffff,
		.value = be16_get(mac + 4),
	};
	struct lit high = {
		.width = 4,
		.off = 6,
		.mask = UINT32_MAX,
		.value = be32_get(mac),
	};

	if (dpf_graph_add(&m->g, &low, *node, GRAPH_REJECT) == NULL)
		return SP_ENOMEM;
	*node = dpf_graph_newest(&m->g);
	if (dpf_graph_add(&m->g, &high, *node, GRAPH_REJECT) == NULL)
		return SP_ENOMEM;
	*node = dpf_graph_newest(&m->g);
	return SP_OK;
}

static int
mirror(struct mirror *m, const uint8_t mac[6])
{
	uint32_t root;
	int err;

	m->jobs =
		dpf_bump_take(&m->g.mem, m->g.tests_mask + 1, sizeof(*m->jobs));
	if (m->jobs == NULL)
		return SP_ENOMEM;
	err = ask(m, m->f->root, GRAPH_REJECT, 0, &root);
	while (err == SP_OK && m->top != NULL)
		err = step(m, m->top);
	return err == SP_OK ? add_source(m, mac, &root) : err;
}

int
dpf_mirror(const struct dpf_filter *f, const uint8_t mac[6], void *scratch,
	size_t scratch_bytes, void *out, size_t room)
{
	struct bump mem;
	struct mirror *m;

	dpf_bump_init(&mem, scratch, scratch_bytes);
	m = dpf_bump_take(&mem, 1, sizeof(*m));
	if (m == NULL || dpf_graph_init(&m->g, mem.at, mem.left) != SP_OK)
		return SP_ENOMEM;
	m->f = f;
	if (mirror(m, mac) != SP_OK)
		return SP_ENOMEM;
	dpf_graph_reverse(&m->g);
	return dpf_graph_finish(&m->g, 0, out, room);
}

/* --- the same without a template -------------------------------------------- */

enum { GLANCE_NODES = 32, UNSEEN = 0xff };

/* Note what is said on arrival at NODE; false: not what others say. */
static bool
arrive(uint8_t *said, uint16_t node, unsigned now)
{
	if (node >= DPF_REJECT || said[node] == now)
		return true;
	if (said[node] != UNSEEN)
		return false;
	said[node] = (uint8_t)now;
	return true;
}

bool
dpf_mirrors_exactly(const struct dpf_filter *f)
{
	uint8_t said[GLANCE_NODES];

	if (f->nnodes == 0 || f->nnodes > GLANCE_NODES || f->nresidual > 0)
		return false;
	for (uint32_t i = 0; i < f->nnodes; i++)
		said[i] = UNSEEN;
	said[f->root] = 0;
	for (uint32_t i = 0; i < f->nnodes; i++) {
		const struct dpf_node *n = &f->nodes[i];
		struct lit t, image;
		unsigned yes = said[i];

		if (yes == UNSEEN)
			continue;
		if (!dpf_lit_from_node(n, &t) || t.base == DPF_BASE_LEN)
			return false;
		if (t.mask != 0) {
			t.value >>= dpf_narrow(&t.off, &t.width, &t.mask);
			image = t;
			if (!mirror_field(f, yes, &image))
				return false;
			yes = learn(yes, &t);
		}
		if (!arrive(said, n->yes, yes) || !arrive(said, n->no, said[i]))
			return false;
	}
	return true;
}

/* Its constant may be another one: it says nothing about protocols. */
static bool
is_an_end(const struct dpf_node *n)
{
	return n->base != DPF_BASE_FRAME || (n->off >= 26 && n->width > 1);
}

bool
dpf_mirrors_like(const struct dpf_filter *f, const struct dpf_filter *known)
{
	uint32_t d = (uint32_t)(f->nnodes ^ known->nnodes) |
		     (uint32_t)(f->nbases ^ known->nbases) |
		     (uint32_t)(f->root ^ known->root) | f->nresidual;

	if (d != 0)
		return dpf_mirrors_exactly(f);
	for (uint32_t i = 0; i < f->nnodes; i++) {
		const uint32_t *a = (const void *)&f->nodes[i];
		const uint32_t *b = (const void *)&known->nodes[i];

		d |= (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) |
		     (a[3] ^ b[3]);
		if (a[4] != b[4] && !is_an_end(&f->nodes[i]))
			return dpf_mirrors_exactly(f);
	}
	for (uint32_t i = 0; i < f->nbases * sizeof(f->bases[0]) / 4; i++)
		d |= ((const uint32_t *)(const void *)f->bases)[i] ^
		     ((const uint32_t *)(const void *)known->bases)[i];
	return d == 0 || dpf_mirrors_exactly(f);
}

static void
swap(uint8_t *frame, size_t len, size_t a, size_t b, size_t n)
{
	if (b > len || n > len - b)
		return;
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = frame[a + i];

		frame[a + i] = frame[b + i];
		frame[b + i] = byte;
	}
}

void
dpf_exchange(uint8_t *frame, size_t len)
{
	unsigned said = 0;
	size_t tags, ports;

	swap(frame, len, 0, 6, 6);
	while ((tags = tag_bytes(said)) + 14 <= len && said % TAGS == 0) {
		unsigned now = learn_type(said, be16_get(frame + 12 + tags));

		if (now == said)
			return;
		said = now;
	}
	if (len < tags + 24)
		return;
	if ((said & IS_ARP) != 0) {
		swap(frame, len, tags + 22, tags + 32, 10);
		return;
	}
	ports = tags + 54;
	if ((said & IS_IPV4) != 0) {
		swap(frame, len, tags + 26, tags + 30, 4);
		ports = tags + 14 + (frame[14 + tags] & 0xfu) * 4;
	} else {
		swap(frame, len, tags + 22, tags + 38, 16);
	}

	unsigned proto = frame[tags + (said & IS_IPV4 ? 23 : 20)];

	if (proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_SCTP)
		swap(frame, len, ports, ports + 2, 2);
}
