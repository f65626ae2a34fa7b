/*
The engine's loops in plain C, for limits.py: the same methods, the same arrays, the same bytes.

    gcc -O3 -march=native -ffast-math -fopenmp-simd -fno-thread-jumps -funroll-loops -shared -fPIC limits.c -lmvec -lm

Without -fno-thread-jumps gcc makes one branch of all that hangs on `fine` in HH_cond_exp, and then slow masked stores;
with -funroll-loops all loops take somewhat less time.

Cells are advanced in chunks, so that the list of spikes is made from flags that are still in the L1 cache, as
in kernel.py. Each function that advances a chunk is not inlined, so that its `restrict` holds, and so that
it is found in the machine code under its name. Not here: the test whether a state is still finite, which
-ffast-math would take away.
*/

#include <math.h>
#include <stdint.h>
#include <string.h>

#define CHUNK 128 /* cells; with 512 or 4096 these loops take longer */
#define MOST_STATE 10

typedef struct {
    int64_t n;                 /* cells */
    const double *c;           /* constants */
    double *s[MOST_STATE];     /* state, [n] each */
    double *ring;              /* two slots of two receptors' inputs, [2][2][n] */
    const double *injected;    /* nA, one chunk that all chunks see */
    int32_t *spikes;           /* room for n */
} cells_t;

typedef int64_t chunk_t(const cells_t *cells, int64_t lo, int64_t m, double *exc, double *inh, int64_t *flags);

static int64_t run(const cells_t *cells, int64_t first_step, int64_t steps, chunk_t *advance)
{
    int64_t flags[CHUNK], n = cells->n, total = 0;
    for (int64_t step = first_step; step < first_step + steps; step++) {
        double *inputs = cells->ring + (step & 1) * 2 * n;
        int64_t count = 0;
        for (int64_t lo = 0; lo < n; lo += CHUNK) {
            int64_t m = n - lo < CHUNK ? n - lo : CHUNK;
            if (advance(cells, lo, m, inputs + lo, inputs + n + lo, flags))
                for (int64_t i = 0; i < m; i++)
                    if (flags[i])
                        cells->spikes[count++] = lo + i;
        }
        total += count;
    }
    return total;
}

/* --- IF_curr_exp: engine/models/iaf_psc.py ------------------------------------------------------------ */

__attribute__((noinline)) static int64_t curr_exp_chunk(
    const cells_t *cells, int64_t lo, int64_t m, double *restrict exc, double *restrict inh, int64_t *restrict flags)
{
    const double *c = cells->c;
    double v_rest = c[0], decay = c[1], gain = c[2], gain_exc = c[3], gain_inh = c[4], decay_exc = c[5],
           decay_inh = c[6], i_offset = c[7], v_thresh = c[8], v_reset = c[9], wait = c[10];
    double *restrict vs = cells->s[0] + lo, *restrict i_excs = cells->s[1] + lo;
    double *restrict i_inhs = cells->s[2] + lo, *restrict refractories = cells->s[3] + lo;
    const double *restrict injected = cells->injected;
    int64_t any = 0;
#pragma omp simd reduction(| : any)
    for (int64_t i = 0; i < m; i++) {
        double v = vs[i], i_exc = i_excs[i], i_inh = i_inhs[i], refractory = refractories[i];
        double free = v_rest + ((v - v_rest) * decay + i_exc * gain_exc + i_inh * gain_inh
                                + (i_offset + injected[i]) * gain);
        v = refractory <= 0.0 ? free : v;
        int64_t spiked = (v >= v_thresh) & (refractory <= 0.0);
        vs[i] = spiked ? v_reset : v;
        refractories[i] = spiked ? wait : fmax(refractory - 1.0, 0.0);
        i_excs[i] = i_exc * decay_exc + exc[i];
        i_inhs[i] = i_inh * decay_inh + inh[i];
        exc[i] = 0.0;
        inh[i] = 0.0;
        flags[i] = spiked;
        any |= spiked;
    }
    return any;
}

int64_t curr_exp(const cells_t *cells, int64_t first_step, int64_t steps)
{
    return run(cells, first_step, steps, curr_exp_chunk);
}

/* --- IF_cond_exp: engine/models/iaf_cond.py ----------------------------------------------------------- */

/* The exponential of engine/fastmath.py, without its limits. */
static inline double inline_exp(double x)
{
    double k = nearbyint(x * 1.4426950408889634);
    double r = x - k * 0.6931471805599453;
    r -= k * 2.3190468138462996e-17;
    double r2 = r * r, r4 = r2 * r2;
    double low = (0.008333333333322207 * r + 0.04166666666652199) * r2
                 + (0.16666666666666674 * r + 0.500000000000001);
    double high = (2.5110049895858716e-08 * r + 2.763265575933203e-07) * r4
                  + ((2.7557242336680357e-06 * r + 2.4801487326012337e-05) * r2
                     + (0.00019841269886591 * r + 0.0013888888947820891));
    double polynomial = r2 * (high * r4 + low) + r + 1.0;
    double biased = k + (1.5 * 4503599627370496.0 + 1023.0), power;
    int64_t bits;
    memcpy(&bits, &biased, 8);
    bits <<= 52;
    memcpy(&power, &bits, 8);
    return polynomial * power;
}

#define EARLY 0.1127016653792583 /* of a step: the outer nodes of Gauss and Legendre */
#define LATE 0.8872983346207417

#define COND_EXP_CHUNK(NAME, EXP)                                                                                \
    __attribute__((noinline)) static int64_t NAME(const cells_t *cells, int64_t lo, int64_t m,                   \
                                                  double *restrict exc, double *restrict inh,                    \
                                                  int64_t *restrict flags)                                       \
    {                                                                                                            \
        const double *c = cells->c, *e = c + 9, *h = c + 16;                                                     \
        double leak = c[0], background = c[1], leak_area = c[2], weight = c[3], e_exc = c[4], e_inh = c[5];      \
        double v_thresh = c[6], v_reset = c[7], wait = c[8];                                                     \
        double e0 = e[0], e1 = e[1], e2 = e[2], e3 = e[3], e4 = e[4], e5 = e[5], e6 = e[6];                      \
        double h0 = h[0], h1 = h[1], h2 = h[2], h3 = h[3], h4 = h[4], h5 = h[5], h6 = h[6];                      \
        double *restrict vs = cells->s[0] + lo, *restrict g_excs = cells->s[1] + lo;                             \
        double *restrict g_inhs = cells->s[2] + lo, *restrict refractories = cells->s[3] + lo;                   \
        const double *restrict injected = cells->injected;                                                       \
        int64_t any = 0;                                                                                         \
        _Pragma("omp simd reduction(| : any)") for (int64_t i = 0; i < m; i++)                                   \
        {                                                                                                        \
            double v = vs[i], g_exc = g_excs[i], g_inh = g_inhs[i], refractory = refractories[i];                \
            double middle_exc = g_exc * e0, middle_inh = g_inh * h0;                                             \
            double current = background + injected[i] + middle_exc * e_exc + middle_inh * e_inh;                 \
            double v_inf = current / (leak + middle_exc + middle_inh);                                           \
            double drive_exc = e_exc - v_inf, drive_inh = e_inh - v_inf;                                         \
            double early = g_exc * e1 * drive_exc + g_inh * h1 * drive_inh;                                      \
            double late = g_exc * e2 * drive_exc + g_inh * h2 * drive_inh;                                       \
            double free = v_inf + (v - v_inf) * EXP(-(leak_area + g_exc * e3 + g_inh * h3))                      \
                          + weight * (early * EXP(-((1.0 - EARLY) * leak_area + g_exc * e4 + g_inh * h4))        \
                                      + late * EXP(-((1.0 - LATE) * leak_area + g_exc * e5 + g_inh * h5)));      \
            v = refractory <= 0.0 ? free : v;                                                                    \
            int64_t spiked = (v >= v_thresh) & (refractory <= 0.0);                                              \
            vs[i] = spiked ? v_reset : v;                                                                        \
            refractories[i] = spiked ? wait : fmax(refractory - 1.0, 0.0);                                       \
            g_excs[i] = g_exc * e6 + exc[i];                                                                     \
            g_inhs[i] = g_inh * h6 + inh[i];                                                                     \
            exc[i] = 0.0;                                                                                        \
            inh[i] = 0.0;                                                                                        \
            flags[i] = spiked;                                                                                   \
            any |= spiked;                                                                                       \
        }                                                                                                        \
        return any;                                                                                              \
    }

COND_EXP_CHUNK(cond_exp_chunk, inline_exp)
COND_EXP_CHUNK(cond_exp_mvec_chunk, exp)

int64_t cond_exp(const cells_t *cells, int64_t first_step, int64_t steps)
{
    return run(cells, first_step, steps, cond_exp_chunk);
}

int64_t cond_exp_mvec(const cells_t *cells, int64_t first_step, int64_t steps)
{
    return run(cells, first_step, steps, cond_exp_mvec_chunk);
}

/* --- HH_cond_exp: engine/models/hh.py, the attempt of a whole step ------------------------------------ */

typedef struct {
    double alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n;
} rates_t;

static inline double exp_small(double y)
{
    double y2 = y * y, y4 = y2 * y2;
    double low = (1 / 6.0 * y + 0.5) * y2 + (1.0 + y);
    double middle = (1 / 5040.0 * y + 1 / 720.0) * y2 + (1 / 120.0 * y + 1 / 24.0);
    double high = 1 / 3628800.0 * y2 + (1 / 362880.0 * y + 1 / 40320.0);
    return (high * y4 + middle) * y4 + low;
}

static inline double linoid(double x, double d, double *slope)
{
    double per = 1.0 / (d * d + 1e-13);
    double value = (x * d + 1e-13) * per;
    *slope = (1.0 - value - value * d) * (d * per);
    return value;
}

static inline rates_t rates(double u, rates_t *by_v)
{
    u = u < -100.0 ? -100.0 : u;
    u = u > 200.0 ? 200.0 : u;
    double p1 = exp_small(u * (-1 / 720.0) + 40 / 720.0);
    double p2 = p1 * p1, p4 = p2 * p2, p8 = p4 * p4, p16 = p8 * p8, p18 = p16 * p2, p36 = p18 * p18;
    double p40 = p36 * p4, p72 = p36 * p36, p144 = p72 * p72, p180 = p144 * p36;
    double slope_x, slope_y, slope_z;
    double x = linoid(u * (-1 / 4.0) + 13 / 4.0, 0.001170879620791174 * p180 - 1.0, &slope_x);
    double y = linoid(u * (-1 / 5.0) + 8.0, p144 - 1.0, &slope_y);
    double z = linoid(u * (-1 / 5.0) + 3.0, 0.006737946999085467 * p144 - 1.0, &slope_z);
    double alpha_h = 0.03566794856211595 * p40, beta_h = 4.0 / (1.0 + p144), beta_n = 0.23618327637050734 * p18;
    *by_v = (rates_t){-0.32 * slope_x, -0.28 * slope_y - 0.28, alpha_h * (-1 / 18.0),
                      beta_h * (0.2 - 0.05 * beta_h), -0.032 * slope_z, beta_n * (-1 / 40.0)};
    return (rates_t){1.28 * x, 1.4 * y * p144, alpha_h, beta_h, 0.16 * z, beta_n};
}

static inline rates_t rates_moved(rates_t r, double dv, rates_t by_v)
{
    return (rates_t){r.alpha_m + dv * by_v.alpha_m, r.beta_m + dv * by_v.beta_m, r.alpha_h + dv * by_v.alpha_h,
                     r.beta_h + dv * by_v.beta_h,   r.alpha_n + dv * by_v.alpha_n, r.beta_n + dv * by_v.beta_n};
}

typedef struct {
    double v, m, h, n;
} gates_t;

static inline gates_t gates_moved(gates_t y, double span, gates_t k)
{
    return (gates_t){y.v + span * k.v, y.m + span * k.m, y.h + span * k.h, y.n + span * k.n};
}

static inline double membrane_slope(const double *c, gates_t y, double exc, double inh, double drive)
{
    double na = c[0] * (y.m * y.m) * (y.m * y.h), k = c[1] * (y.n * y.n) * (y.n * y.n);
    double total = c[2] + na + k + exc + inh;
    return na * c[3] + (k * c[4] + (exc * c[5] + (inh * c[6] + drive))) - total * y.v;
}

static inline gates_t slope(const double *c, gates_t y, rates_t r, double exc, double inh, double drive)
{
    return (gates_t){membrane_slope(c, y, exc, inh, drive), r.alpha_m - (r.alpha_m + r.beta_m) * y.m,
                     r.alpha_h - (r.alpha_h + r.beta_h) * y.h, r.alpha_n - (r.alpha_n + r.beta_n) * y.n};
}

__attribute__((noinline)) static int64_t hh_chunk(
    const cells_t *cells, int64_t lo, int64_t m, double *restrict exc, double *restrict inh, int64_t *restrict flags)
{
    double c[16];
    for (int k = 0; k < 16; k++)
        c[k] = cells->c[k];
    double span = c[0], half = 0.5 * span;
    double exc_half = exp(-half * c[4]), inh_half = exp(-half * c[5]);
    double exc_whole = exc_half * exc_half, inh_whole = inh_half * inh_half;
    double *restrict vs = cells->s[0] + lo, *restrict g_excs = cells->s[1] + lo, *restrict g_inhs = cells->s[2] + lo;
    double *restrict hs = cells->s[3] + lo, *restrict ms = cells->s[4] + lo, *restrict ns = cells->s[5] + lo;
    double *restrict slope_ms = cells->s[6] + lo, *restrict slope_hs = cells->s[7] + lo;
    double *restrict slope_ns = cells->s[8] + lo, *restrict parts = cells->s[9] + lo;
    const double *restrict injected = cells->injected;
    int64_t any = 0;
#pragma GCC ivdep /* "omp simd" would keep the structs of one cell in memory */
    for (int64_t i = 0; i < m; i++) {
        double v = vs[i], g_exc = g_excs[i], g_inh = g_inhs[i];
        double drive = injected[i] * c[1] + c[2], a_exc = g_exc * c[1], a_inh = g_inh * c[1];
        gates_t y = {v, ms[i], hs[i], ns[i]};
        rates_t by_v;
        gates_t k1 = {membrane_slope(c + 8, y, a_exc, a_inh, drive), slope_ms[i], slope_hs[i], slope_ns[i]};
        gates_t y2 = gates_moved(y, half, k1);
        rates_t rates_2 = rates(y2.v - c[3], &by_v);
        gates_t k2 = slope(c + 8, y2, rates_2, a_exc * exc_half, a_inh * inh_half, drive);
        gates_t y3 = gates_moved(y, half, k2);
        rates_t rates_3 = rates_moved(rates_2, y3.v - y2.v, by_v);
        gates_t k3 = slope(c + 8, y3, rates_3, a_exc * exc_half, a_inh * inh_half, drive);
        gates_t y4 = gates_moved(y, span, k3);
        rates_t rates_4 = rates(y4.v - c[3], &by_v);
        gates_t k4 = slope(c + 8, y4, rates_4, a_exc * exc_whole, a_inh * inh_whole, drive);
        gates_t sums = gates_moved(gates_moved(k1, 1.0, k4), 2.0, gates_moved(k2, 1.0, k3));
        gates_t end = gates_moved(y, half / 3.0, sums);
        rates_t rates_end = rates_moved(rates_4, end.v - y4.v, by_v);
        gates_t k5 = slope(c + 8, end, rates_end, a_exc * exc_whole, a_inh * inh_whole, drive);
        double error = 1000.0 * span * (y3.v - y2.v) * (y3.v - y2.v)
                       + c[15] * (fabs(k4.v - k5.v) / (1e-4 * fabs(end.v - v) + 4e-4)
                                  + fabs(k4.m - k5.m) * fmin(8e6 * y.m * y.m + 1 / 2e-4, 1 / 1e-5)
                                  + (fabs(k4.h - k5.h) + fabs(k4.n - k5.n)) * (1 / 7e-6));
        int64_t fine = error <= 1.0, spiked = (v < 10.0) & (end.v >= 10.0);
        vs[i] = fine ? end.v : v;
        g_excs[i] = fine ? g_exc * c[6] + exc[i] : g_exc;
        g_inhs[i] = fine ? g_inh * c[7] + inh[i] : g_inh;
        hs[i] = fine ? end.h : y.h;
        ms[i] = fine ? end.m : y.m;
        ns[i] = fine ? end.n : y.n;
        slope_ms[i] = fine ? k5.m : k1.m;
        slope_hs[i] = fine ? k5.h : k1.h;
        slope_ns[i] = fine ? k5.n : k1.n;
        parts[i] = fine ? 1.0 : fmin(parts[i], 0.5);
        exc[i] = 0.0;
        inh[i] = 0.0;
        int64_t flag = fine ? spiked : 4;
        flags[i] = flag;
        any |= flag;
    }
    return any;
}

int64_t hh(const cells_t *cells, int64_t first_step, int64_t steps)
{
    return run(cells, first_step, steps, hh_chunk);
}

/* --- delivery: engine/synapses.py and engine/arrival.py ----------------------------------------------- */

typedef struct {
    int64_t n;                /* target cells */
    double *v, *refractory;   /* [n], the state of IF_curr_delta */
    double *ring;             /* [mask + 1][width] */
    int64_t mask, width;
    int64_t per_step;         /* cells that spike in each step */
    const int32_t *spikes;    /* [steps][per_step] */
    const int64_t *first;     /* [sources + 1]: where each source's synapses begin */
    const uint32_t *targets;
    const double *weights;    /* [synapses], or [1] */
    const uint16_t *delays;   /* [synapses], or [1] */
    const uint32_t *segments; /* [sources][n_delays + 1]: where the synapses of each delay begin */
    int64_t shortest, n_delays;
} network_t;

typedef void deliver_t(const network_t *net, int64_t step);

/* What there is beside delivery, and is subtracted: an update that moves what that of IF_curr_delta moves. */
static void run_network(const network_t *net, int64_t first_step, int64_t steps, deliver_t *deliver)
{
    for (int64_t step = first_step; step < first_step + steps; step++) {
        double *restrict exc = net->ring + (step & net->mask) * net->width, *restrict inh = exc + net->n;
        double *restrict v = net->v, *restrict refractory = net->refractory;
        for (int64_t i = 0; i < net->n; i++) {
            v[i] = v[i] * 0.99 + (exc[i] + inh[i]);
            refractory[i] = fmax(refractory[i] - 1.0, 0.0);
            exc[i] = 0.0;
            inh[i] = 0.0;
        }
        if (deliver)
            deliver(net, step);
    }
}

#define FOR_EACH_ROW(net, step)                                                                                  \
    for (const int32_t *cell = net->spikes + step * net->per_step, *last = cell + net->per_step; cell < last;    \
         cell++)

static void one_delay_drawn_weights(const network_t *net, int64_t step)
{
    double *restrict inputs = net->ring + ((step + net->delays[0]) & net->mask) * net->width;
    FOR_EACH_ROW(net, step)
    {
        int64_t lo = net->first[*cell], m = net->first[*cell + 1] - lo;
        const uint32_t *restrict targets = net->targets + lo;
        const double *restrict weights = net->weights + lo;
        for (int64_t j = 0; j < m; j++)
            inputs[targets[j]] += weights[j];
    }
}

static void one_delay_one_weight(const network_t *net, int64_t step)
{
    double *restrict inputs = net->ring + ((step + net->delays[0]) & net->mask) * net->width;
    double weight = net->weights[0];
    FOR_EACH_ROW(net, step)
    {
        int64_t lo = net->first[*cell], m = net->first[*cell + 1] - lo;
        const uint32_t *restrict targets = net->targets + lo;
        for (int64_t j = 0; j < m; j++)
            inputs[targets[j]] += weight;
    }
}

static void drawn_delays(const network_t *net, int64_t step)
{
    double *restrict ring = net->ring;
    int64_t mask = net->mask, width = net->width;
    FOR_EACH_ROW(net, step)
    {
        int64_t lo = net->first[*cell], m = net->first[*cell + 1] - lo;
        const uint32_t *restrict targets = net->targets + lo;
        const uint16_t *restrict delays = net->delays + lo;
        const double *restrict weights = net->weights + lo;
        for (int64_t j = 0; j < m; j++)
            ring[((step + delays[j]) & mask) * width + targets[j]] += weights[j];
    }
}

#define PENDING 40 /* segments that are fetched before the first of them is delivered */

static void deliver_pending(const network_t *net, const int64_t *starts, const int64_t *ends, int n, double *inputs)
{
    for (int k = 0; k < n; k++)
        for (int64_t j = starts[k]; j < ends[k]; j++)
            inputs[net->targets[j]] += net->weights[j];
}

static void fetch(const void *begin, const void *end)
{
    for (const char *line = begin; line < (const char *)end; line += 64)
        __builtin_prefetch(line);
    __builtin_prefetch((const char *)end - 1);
}

static void on_arrival(const network_t *net, int64_t step)
{
    double *inputs = net->ring + ((step + 1) & net->mask) * net->width;
    int64_t starts[PENDING], ends[PENDING], n_segments = net->n_delays + 1;
    int n = 0;
    for (int64_t d = 0; d < net->n_delays; d++) {
        int64_t emitted = step + 1 - net->shortest - d;
        if (emitted < 0)
            break;
        if (emitted > 0)
            FOR_EACH_ROW(net, (emitted - 1))
                __builtin_prefetch(net->segments + *cell * n_segments + d + 1);
        FOR_EACH_ROW(net, emitted)
        {
            const uint32_t *bounds = net->segments + *cell * n_segments + d;
            if (bounds[0] == bounds[1])
                continue;
            fetch(net->targets + bounds[0], net->targets + bounds[1]);
            fetch(net->weights + bounds[0], net->weights + bounds[1]);
            starts[n] = bounds[0];
            ends[n++] = bounds[1];
            if (n == PENDING) {
                deliver_pending(net, starts, ends, n, inputs);
                n = 0;
            }
        }
    }
    deliver_pending(net, starts, ends, n, inputs);
}

void run_nothing(const network_t *net, int64_t first_step, int64_t steps)
{
    run_network(net, first_step, steps, 0);
}

void run_one_delay_drawn_weights(const network_t *net, int64_t first_step, int64_t steps)
{
    run_network(net, first_step, steps, one_delay_drawn_weights);
}

void run_one_delay_one_weight(const network_t *net, int64_t first_step, int64_t steps)
{
    run_network(net, first_step, steps, one_delay_one_weight);
}

void run_drawn_delays(const network_t *net, int64_t first_step, int64_t steps)
{
    run_network(net, first_step, steps, drawn_delays);
}

void run_on_arrival(const network_t *net, int64_t first_step, int64_t steps)
{
    run_network(net, first_step, steps, on_arrival);
}

/* --- memory bandwidth ---------------------------------------------------------------------------------- */

int64_t read_memory(const int64_t *restrict a, int64_t n, int64_t times)
{
    int64_t sum = 0; /* of integers: they are added in one cycle, and no memory has to wait for that */
    for (int64_t k = 0; k < times; k++) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < n; i++)
            sum += a[i];
        __asm__ volatile("" : : "r"(a) : "memory"); /* so that it is read again */
    }
    return sum;
}

void copy_memory(double *restrict a, const double *restrict b, int64_t n, int64_t times)
{
    for (int64_t k = 0; k < times; k++) {
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            a[i] = b[i];
        __asm__ volatile("" : : "r"(a) : "memory");
    }
}
