"""
What kernels find in the card's memory: the words (int64) of the head and of the rows of tables.
"""

# The head. Kernels of a step get its address, and how many steps after `NOW` it is.
NOW = 0  # the first step of what has been launched together
STOP = 1  # the last step that may be done: cells that fail or a full log set it, and what was launched ends
FAILED = (
    2  # the first cell whose state is no longer finite: its block * CELLS + cell; NOBODY if there is none
)
RING = 3  # address of the ring buffer (float64)
MASK = 4  # its number of slots, a power of two, minus one
WIDTH = 5  # places in a slot
N_BLOCKS = 6
LIST = 7  # address of the list of spikes to be delivered: pairs of words, see below
LISTED = 8  # address of how many pairs are in it, two words: for two steps in turn
UNITS_SHIFT = 9  # each of these is worth 2**UNITS_SHIFT units of work
LOG = 10  # address of the recorded spikes: (cell, step) pairs of int32
LOG_LENGTH = 11  # pairs
LOG_CAPACITY = 12
LOG_SLACK = 13  # the most that one step can add
CURRENTS = 14  # address of what each current is in each step, float64 [steps, currents], nA
N_CURRENTS = 15
FIRST_CURRENT = 16  # the step of the first row of these
SAMPLERS = 17  # address of the table of samplers
SAMPLE_TILES = (
    18  # address of what there is to be sampled, in tiles as those of cells, of indices of samplers
)
N_SAMPLE_TILES = 19
DRAWN_TILES = 20  # address of those tiles of counting sources that may be drawn while blocks wait
N_DRAWN_TILES = 21
ARRIVED = 22  # how many blocks of a grid have come to its barriers, see persistent.py
HEAD = 23  # words

GIVEN_UP = -1  # STOP, when blocks of a grid did not meet
FOREVER = 2**62  # a step that is never reached
NOBODY = 2**62
CELLS = 2**32

# A row of the table of blocks. Those of neurons and sources have the same words.
SIZE = 0
STATE = 1  # address of the state, float64 [variables, cells]
CONSTANTS = (
    2  # address of the constants, float64 [constants, 1 or cells]; of sources a table as `arrays_at` wants
)
CONSTANT_STRIDE = 3  # bytes from one cell's to the next one's, 0 if all cells share them
CONSTANT_SPACING = 4  # bytes from one constant to the next
CHANNEL = 5  # offset of the first receptor's inputs in a slot of the ring buffer
INDEX = 6  # of the block
FIRST_ID = 7
RECORD = 8  # address of flags (uint8), which cells' spikes to record; 0 for none
ENTRIES = 9  # how many pairs a spike puts into the list; 0 if nobody wants to know of it
UNITS = 10  # address of the rows of units that the first of these is for
INJECTED_FIRST = 11  # address of where each cell's currents begin (int32 [cells + 1]); 0 for none
INJECTED = 12  # address of the indices of these currents (int32)
COUNTED = 13  # address of the table of groups that bring numbers of spikes
N_COUNTED = 14
COUNTS = 15  # address of how often each cell of a source spiked, int32 [kept, cells]; 0 if it doesn't count
KEPT = 16
ROOM = 17  # address of room for a list of spikes with repetitions (int32)
CAPACITY = 18  # of this, and the most that a cell may spike in one step
CELL_KIND = 19  # which of the kernel's functions is for these cells
PLASTIC_LIST = 20  # address of the row of the list for plastic synapses; 0 if there are none
BLOCK_ROW = 21

# A tile: `launching.TILE` cells, which as many threads take through a step.
TILE_AT = 0  # address of the block's row; or the index of a sampler
TILE_FIRST = 1  # the first of the cells
TILE_ROW = 2

# A pair of the list of spikes.
ENTRY_UNITS = 0  # address of the rows of the units of work that it is worth
ENTRY_CELL = 1  # times * CELLS + cell: which one spiked, and how often
ENTRY = 2

# A row of the table of groups that bring numbers of spikes, see `groups.deliver_counts`.
COUNTED_FROM = 0  # address of the numbers, int32 [kept, cells]
COUNTED_KEPT = 1
COUNTED_WEIGHTS = 2  # address (float64)
COUNTED_STRIDE = 3  # 0 if all share one weight, else 8
COUNTED_DELAY = 4  # steps
COUNTED_SINCE = 5
COUNTED_RECEPTOR = 6
COUNTED_ROW = 7

# A row of the table of units: what a warp does for one spike, a part of a group's synapses.
FIRST = 0  # address of where each cell's synapses begin (int64)
TARGETS = 1  # address of the target cells (uint32)
WEIGHTS = 2  # address (float64)
WEIGHT_STRIDE = 3  # 0 if all synapses share one weight, else 8
DELAYS = 4  # address, steps (uint16)
DELAY_STRIDE = 5  # 0 if all synapses share one delay, else 2
BASE = 6  # offset of the receptor's first place in a slot
PART = 7  # which of the parts of a cell's synapses
PARTS = 8  # how many there are, each for a warp; 0 if there is nothing to do
DETAIL = 9  # address of what synapses that change need, see dynamic.py
UNIT_KIND = 10  # which of the kernel's functions is for these synapses
UNIT_ROW = 11

# What plastic synapses want to know of the spikes of a block, beside their lists: one row for each block.
PLASTIC_CELLS = 0  # address of the list of those that spike in a step (int32), each once
PLASTIC_TIMES = 1  # address of how often each of these spiked (int32)
PLASTIC_COUNTS = 2  # address of how many are in it, two words: two steps in turn
LIST_ROW = 3

# A row of the table of plastic groups, one for each number of steps for which their synapses hold spikes.
HELD_FOR = 0  # steps since the spikes that are delivered, to those synapses that hold them for so long
HELD_CELLS = 1  # address of the cells that spiked: of a LIST_ROW, or of lists of each step, [slots, cells]
HELD_TIMES = 2  # address of how often each of these spiked, likewise
HELD_COUNTS = 3  # address of their number: int64 [2], or int32 [slots]
HELD_SLOTS = 4  # 0 for a LIST_ROW
HELD_LENGTH = 5  # places of each list
PLASTIC_FIRST = 6  # address of where each cell's synapses begin (int64)
PLASTIC_DELAYS = 7  # address, steps (uint16)
PLASTIC_DELAY_STRIDE = 8  # 0 if all synapses share one delay, else 2
PLASTIC_BASE = 9  # offset of the receptor's first place in a slot
PLASTIC_PARTS = 10  # how many warps share the synapses of one cell
PLASTIC_DETAIL = 11  # address of what synapses that change need, see dynamic.py
PLASTIC_ROW = 12

# A row of the table of where spikes are noted: of targets in histories, of sources in lists that are held.
NOTED = 0  # address of the LIST_ROW of the block
NOTED_IN = 1  # address of the history's row (synapses/history.py); 0 for lists
KEPT_CELLS = 2  # address of the lists, int32 [slots, cells]
KEPT_TIMES = 3  # address of how often each of them spiked, likewise
KEPT_COUNTS = 4  # address of their numbers, int32 [slots]
KEPT_SLOTS = 5
KEPT_LENGTH = 6  # places of each list
NOTE_ROW = 7

# A row of the table of plastic groups whose targets' histories may be full.
ROOM_OF = 0  # address of the LIST_ROW of the target block
ROOM_HISTORY = 1  # address of the history's row
ROOM_DETAIL = 2  # address of what synapses that change need
BY_TARGET = 3  # address of the synapses by target (int64)
FIRST_OF_TARGET = 4  # address of where each target's begin (int64)
ROOM_PARTS = 5  # how many warps share the synapses of one cell
ROOM_ROW = 6

# A row of the table of samplers.
SAMPLED = 0  # address of the state variable (float64)
SAMPLED_CELLS = 1  # address of the cells (int64)
N_SAMPLED = 2
INTERVAL = 3  # steps
BUFFER = 4  # address of the samples, float64 [rows, sampled]
BUFFER_ROW = 5  # row of the buffer for step 0 (may be negative)
SAMPLER_ROW = 6

# What is known at the end of a chunk of steps.
REPORT = 3  # words: STOP, FAILED, LOG_LENGTH
