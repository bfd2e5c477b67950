import HexaBytecode

extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// The interpreter loop. A case that has done its work goes on with `continue`; one that leaves the switch has
    /// raised `thrown`, and the code after the switch looks for a handler.
    ///
    /// `pc`, `base`, `frame` and `fuel` live in native registers; helpers that can fail, allocate or collect see
    /// `self.pc`, which is stored before they are called.
    func execute() -> Stop {
        var pc = self.pc
        var frame = self.frame
        var base = frame.pointee.base
        var fuel = self.fuel
        let constants = self.constants
        let globals = self.globals
        let functions = self.functions
        while true {
            let i = pc.instruction
            pc += 1
            switch i.opcode {
            case .move:
                base[i.a] = base[i.b]
                continue
            case .loadVoid:
                base[i.a] = .void
                continue
            case .loadBool:
                base[i.a] = .bool(i.b == 1)
                continue
            case .loadInt:
                base[i.a] = .int(i.d)
                continue
            case .loadConstant:
                base[i.a] = constants[i.d]
                continue
            case .loadFunction:
                base[i.a] = Value(tag: Tag.function, bits: UInt64(i.d))
                continue
            case .loadBuiltin:
                base[i.a] = Value(tag: Tag.builtin, bits: UInt64(i.d))
                continue
            case .getGlobal:
                base[i.a] = globals[i.d]
                continue
            case .setGlobal:
                globals[i.d] = base[i.a]
                continue
            case .getCapture:
                base[i.a] = capture(i.d, of: frame)
                continue
            case .newCell:
                self.pc = pc
                if newCell(base + i.a, holding: base[i.b]) { continue }
            case .getCell:
                if base[i.b].tag == Tag.cell {
                    base[i.a] = base[i.b].object.values[0]
                    continue
                }
                self.pc = pc
                _ = notACell()
            case .setCell:
                if base[i.a].tag == Tag.cell {
                    base[i.a].object.values[0] = base[i.b]
                    continue
                }
                self.pc = pc
                _ = notACell()
            case .newClosure:
                self.pc = pc
                if newClosure(base + i.a, captures: base + i.b, function: i.d) { continue }

            case .add:
                if add(base + i.a, base[i.b], base[i.c], pc) { continue }
            case .subtract:
                if subtract(base + i.a, base[i.b], base[i.c], pc) { continue }
            case .multiply:
                if multiply(base + i.a, base[i.b], base[i.c], pc) { continue }
            case .divide:
                if divide(base + i.a, base[i.b], base[i.c], pc) { continue }
            case .remainder:
                if remainder(base + i.a, base[i.b], base[i.c], pc) { continue }
            case .power:
                self.pc = pc
                if power(base + i.a, base[i.b], base[i.c]) { continue }
            case .addConstant:
                if add(base + i.a, base[i.b], constants[i.d], pc) { continue }
            case .subtractConstant:
                if subtract(base + i.a, base[i.b], constants[i.d], pc) { continue }
            case .multiplyConstant:
                if multiply(base + i.a, base[i.b], constants[i.d], pc) { continue }
            case .divideConstant:
                if divide(base + i.a, base[i.b], constants[i.d], pc) { continue }
            case .remainderConstant:
                if remainder(base + i.a, base[i.b], constants[i.d], pc) { continue }
            case .addInt:
                if add(base + i.a, base[i.b], .int(i.d), pc) { continue }
            case .bitAnd:
                if base[i.b].isInt, base[i.c].isInt {
                    base[i.a] = .int(base[i.b].asInt & base[i.c].asInt)
                    continue
                }
                self.pc = pc
                if bitwise(.bitAnd, base + i.a, base[i.b], base[i.c]) { continue }
            case .bitOr, .bitXor, .shiftLeft, .shiftRight:
                self.pc = pc
                if bitwise(i.opcode, base + i.a, base[i.b], base[i.c]) { continue }
            case .negate:
                self.pc = pc
                if negate(base + i.a, base[i.b]) { continue }
            case .not:
                if base[i.b].tag == Tag.bool {
                    base[i.a] = .bool(!base[i.b].asBool)
                    continue
                }
                self.pc = pc
                _ = wrongCondition(base[i.b])
            case .complement:
                self.pc = pc
                if complement(base + i.a, base[i.b]) { continue }

            case .equal:
                let test = isEqual(base[i.b], base[i.c], pc)
                base[i.a] = .bool(test > 0)
                if test >= 0 { continue }
            case .notEqual:
                let test = isEqual(base[i.b], base[i.c], pc)
                base[i.a] = .bool(test == 0)
                if test >= 0 { continue }
            case .less:
                let test = isLess(base[i.b], base[i.c], pc)
                if test >= 0 {
                    base[i.a] = .bool(test > 0)
                    continue
                }
            case .lessEqual:
                let test = isLessOrEqual(base[i.b], base[i.c], pc)
                if test >= 0 {
                    base[i.a] = .bool(test > 0)
                    continue
                }

            case .jump:
                if jump(i.d, &pc, &fuel) { continue }
                return outOfFuel(pc, fuel)
            case .jumpIf:
                let test = isTrue(base[i.a], pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpUnless:
                let test = isTrue(base[i.a], pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpEqual:
                let test = isEqual(base[i.a], base[i.b], pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotEqual:
                let test = isEqual(base[i.a], base[i.b], pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpLess:
                let test = isLess(base[i.a], base[i.b], pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotLess:
                let test = isLess(base[i.a], base[i.b], pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpLessEqual:
                let test = isLessOrEqual(base[i.a], base[i.b], pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotLessEqual:
                let test = isLessOrEqual(base[i.a], base[i.b], pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpEqualInt:
                let test = isEqual(base[i.a], .int(i.immediate), pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotEqualInt:
                let test = isEqual(base[i.a], .int(i.immediate), pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpLessInt:
                let test = isLess(base[i.a], .int(i.immediate), pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotLessInt:
                let test = isLess(base[i.a], .int(i.immediate), pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpLessEqualInt:
                let test = isLessOrEqual(base[i.a], .int(i.immediate), pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotLessEqualInt:
                let test = isLessOrEqual(base[i.a], .int(i.immediate), pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpGreaterInt:
                let test = isLess(.int(i.immediate), base[i.a], pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotGreaterInt:
                let test = isLess(.int(i.immediate), base[i.a], pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpGreaterEqualInt:
                let test = isLessOrEqual(.int(i.immediate), base[i.a], pc)
                if test == 0 { continue }
                if test > 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .jumpNotGreaterEqualInt:
                let test = isLessOrEqual(.int(i.immediate), base[i.a], pc)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }

            case .rangePrepare:
                self.pc = pc
                let test = prepareRange(base + i.a, isClosed: i.c == 1)
                if test == 1 { continue }
                if test == 0 {
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
            case .rangeNext:
                let state = base + i.a
                let next = state[0].asInt &+ 1
                if next < state[1].asInt {
                    state[0] = .int(next)
                    state[2] = .int(next)
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
                continue
            case .iteratePrepare:
                self.pc = pc
                if prepareIteration(base + i.a) { continue }
            case .iterateNext:
                let state = base + i.a
                if state[0].tag == Tag.array {
                    let array = state[0].object
                    let position = state[1].asInt
                    if UInt(bitPattern: position) < UInt(bitPattern: array.count) {
                        state[2] = array.elements.unsafelyUnwrapped[position]
                        state[1] = .int(position &+ 1)
                        continue
                    }
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                }
                self.pc = pc
                switch iterate(state) {
                case .element: continue
                case .end:
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                case .failed: break
                case .stream:
                    self.fuel = fuel
                    pendingAnswer = PendingAnswer(register: i.a + 2, endDistance: i.d)
                    return .kernelCall(KernelRequest(call: .streamNext, arguments: [hostValue(state[0])]))
                }
            case .iterateNextPair:
                self.pc = pc
                switch iteratePair(base + i.a) {
                case .element: continue
                case .end:
                    if jump(i.d, &pc, &fuel) { continue }
                    return outOfFuel(pc, fuel)
                default: break
                }

            case .call:
                let callee = functions + i.d
                var window = base + i.a
                if window + Int(callee.pointee.registerCount) > stackEnd || frame == lastFrame {
                    self.pc = pc
                    if !makeRoom(i.a, callee) { break }
                    frame = self.frame
                    window = frame.pointee.base + i.a
                }
                frame.pointee.pc = pc
                frame += 1
                frame.pointee = Frame(function: callee, closure: 0, base: window, pc: callee.pointee.code)
                self.frame = frame
                base = window
                pc = callee.pointee.code
                fuel &-= 1
                if fuel >= 0 { continue }
                return outOfFuel(pc, fuel)
            case .callValue:
                self.pc = pc
                switch prepareCall(of: base + i.a, argumentCount: i.b) {
                case .entered:
                    frame = self.frame
                    base = frame.pointee.base
                    pc = self.pc
                    fuel &-= 1
                    if fuel >= 0 { continue }
                    return outOfFuel(pc, fuel)
                case .done: continue
                case .failed: break
                case .stop(let stop):
                    self.fuel = fuel
                    return stop
                }
            case .callMethod:
                self.pc = pc
                switch callMethod(i, base + i.a) {
                case .entered:
                    frame = self.frame
                    base = frame.pointee.base
                    pc = self.pc
                    fuel &-= 1
                    if fuel >= 0 { continue }
                    return outOfFuel(pc, fuel)
                case .done:
                    fuel &-= takeDebt()
                    continue
                case .failed: break
                case .stop(let stop):
                    self.fuel = fuel
                    return stop
                }
            case .callBuiltin:
                self.pc = pc
                switch callBuiltin(i.d, base + i.a, argumentCount: i.b) {
                case .done, .entered:
                    fuel &-= takeDebt()
                    continue
                case .failed: break
                case .stop(let stop):
                    self.fuel = fuel
                    return stop
                }
            case .callKernel:
                self.pc = pc
                self.fuel = fuel
                return kernelCall(KernelCall.allCases[i.d], base + i.a, argumentCount: i.b)
            case .returnValue:
                base[0] = base[i.a]
                if frame == task.frames {
                    self.fuel = fuel
                    return .taskEnded
                }
                frame -= 1
                self.frame = frame
                base = frame.pointee.base
                pc = frame.pointee.pc
                continue
            case .returnVoid:
                base[0] = .void
                if frame == task.frames {
                    self.fuel = fuel
                    return .taskEnded
                }
                frame -= 1
                self.frame = frame
                base = frame.pointee.base
                pc = frame.pointee.pc
                continue

            case .newArray:
                self.pc = pc
                if newArray(base + i.a, elements: base + i.b, count: i.c) { continue }
            case .appendArray:
                self.pc = pc
                if appendArray(base[i.a], elements: base + i.b, count: i.c) { continue }
            case .fillArray:
                self.pc = pc
                if fillArray(base + i.a, with: base[i.b], count: base[i.c]) {
                    fuel &-= takeDebt()
                    continue
                }
            case .newTuple:
                self.pc = pc
                if newAggregate(Tag.tuple, base + i.a, base + i.b, count: i.c, detail: 0, extra: 0) { continue }
            case .newMap:
                self.pc = pc
                if newMap(base + i.a) { continue }
            case .newStruct:
                self.pc = pc
                if newStruct(base + i.a, base + i.b, type: i.d) { continue }
            case .newVariant:
                self.pc = pc
                if newVariant(base + i.a, base + i.b, type: i.d, variant: i.c) { continue }
            case .newRange:
                self.pc = pc
                if newRange(base + i.a, base[i.b], base[i.c], isClosed: i.d == 1) { continue }
            case .getIndex:
                let container = base[i.b], key = base[i.c]
                if container.tag == Tag.array, key.isInt,
                    UInt(bitPattern: key.asInt) < UInt(bitPattern: container.object.count)
                {
                    base[i.a] = container.object.elements.unsafelyUnwrapped[key.asInt]
                    continue
                }
                self.pc = pc
                if index(base + i.a, container, key) { continue }
            case .setIndex:
                let container = base[i.a], key = base[i.b]
                if container.tag == Tag.array, key.isInt,
                    UInt(bitPattern: key.asInt) < UInt(bitPattern: container.object.count)
                {
                    container.object.elements.unsafelyUnwrapped[key.asInt] = base[i.c]
                    continue
                }
                self.pc = pc
                if setIndex(container, key, base[i.c]) { continue }
            case .getField:
                let target = base[i.b]
                if target.tag == Tag.structure {
                    let field = fieldIndex(Int(target.object.detail), name: i.d, hint: i.c)
                    if field >= 0 {
                        base[i.a] = target.object.values[field]
                        continue
                    }
                }
                self.pc = pc
                if field(base + i.a, of: target, name: i.d) { continue }
            case .setField:
                let target = base[i.a]
                if target.tag == Tag.structure {
                    let field = fieldIndex(Int(target.object.detail), name: i.d, hint: i.c)
                    if field >= 0 {
                        target.object.values[field] = base[i.b]
                        continue
                    }
                }
                self.pc = pc
                _ = missingField(target, name: i.d)
            case .getElement:
                self.pc = pc
                if element(base + i.a, of: base[i.b], i.c) { continue }
            case .isVariant:
                base[i.a] = .bool(isVariant(base[i.b], type: i.d, variant: i.c))
                continue
            case .isStruct:
                base[i.a] = .bool(base[i.b].tag == Tag.structure && Int(base[i.b].object.detail) == i.d)
                continue
            case .isTuple:
                base[i.a] = .bool(base[i.b].tag == Tag.tuple && base[i.b].object.count == i.c)
                continue
            case .isArray:
                base[i.a] = .bool(isArray(base[i.b], count: i.c, orMore: i.d == 1))
                continue
            case .checkType:
                if typeMasks[i.d] >> base[i.a].tag & 1 == 1 { continue }
                self.pc = pc
                if checkType(base + i.a, type: i.d, isResult: i.b == 1) { continue }

            case .throwValue:
                self.pc = pc
                thrown = base[i.a]
            case .throwAssertion:
                self.pc = pc
                _ = fail(.assertion, text(of: base[i.a]))
            case .throwNoMatch:
                self.pc = pc
                _ = fail(.match, Array("no arm matches ".utf8) + text(of: base[i.a]))
            case .spawn:
                self.pc = pc
                if spawn(base[i.a]) {
                    fuel &-= takeDebt()
                    if fuel >= 0 { continue }
                    return outOfFuel(pc, fuel)
                }
            case .select:
                self.pc = pc
                switch select(i, base) {
                case .done, .entered: continue
                case .failed: break
                case .stop(let stop):
                    self.fuel = fuel
                    return stop
                }
            }
            // An instruction that met the quota is tried once more after a collection: it changed nothing yet.
            if metQuota {
                metQuota = false
                if pc != retriedAt || fuel != retriedFuel {
                    retriedAt = pc
                    retriedFuel = fuel
                    self.pc = pc
                    thrown = .void
                    collect()
                    pc -= 1
                    continue
                }
            }
            // An error costs fuel like a jump: a handler may lie within its own range.
            fuel &-= 1 &+ takeDebt()
            if !unwind() {
                self.fuel = fuel
                return .failed
            }
            pc = self.pc
            frame = self.frame
            base = frame.pointee.base
            if fuel < 0 { return outOfFuel(pc, fuel) }
        }
    }
}
